"""Random texts that prove something to whoever holds them; only their SHA-256 is kept."""

import hashlib
import secrets

TOKEN_BYTES = 32
HASH_LENGTH = 64


def new_token() -> str:
    """Return a random text of 256 bits that can stand in an address."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_of(token: str) -> str:
    """Return what is kept of a token: the SHA-256 of it in 64 hex digits.

    A slow hash is for what people think up; nobody guesses 256 random bits.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
