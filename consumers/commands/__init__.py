"""Commands that are too long for `__main__`: what each is called, asks and prints."""
