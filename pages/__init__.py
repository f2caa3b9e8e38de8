"""The screens: widgets and words over `core`, one file a page."""
