"""What a label is: its form, checks, agreement, drafts, records, and COCO files."""
