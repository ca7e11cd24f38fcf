"""Letters as PDF, with Latin and Devanagari letters of one typeface that the file brings along.

HarfBuzz chooses and places the glyphs: Devanagari changes the order and the form of its letters. The typeface is Noto Sans
Devanagari (SIL Open Font License, `fonts/OFL.txt`), reduced to the characters of both scripts, with the rupee sign.
"""
