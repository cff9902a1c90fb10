"""What an analysis looks like: a table for people, JSON, CSV and Markdown for other uses, an explanation."""
