"""Signing in, signing out and setting a password: pages of our own, written here, without a script."""
