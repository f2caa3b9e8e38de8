"""Tests of significance and control charts."""
