"""Folders and original files, on a local disk or in an S3 bucket."""
