"""What a user can cause, said in one line that names the file and the fix."""


class NasionError(Exception):
    """A problem with what the user gave: the command line prints it and exits with code 2."""
