"""Folders in the layout of HMS: read, written, checked, and made of any recording."""
