"""One data subject who is several customers at the platform: who they are, and what each of their tasks is about."""
