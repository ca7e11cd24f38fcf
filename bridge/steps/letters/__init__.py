"""Letters to the person of a request: what is written when, and how it leaves. Letters to processors are notices."""
