"""The text that the iFacialMocap app sends, and how receivers ask for it."""
