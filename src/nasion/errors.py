"""What a user can cause, said in one line that names the file and the fix."""


class NasionError(Exception):
    """A problem with what the user gave: the command line prints it and exits with code 2."""


def unforeseen(what: object, error: Exception) -> NasionError:
    """Say in one line what nobody foresaw, so that what is not concerned goes on."""
    told = " ".join(str(error).split())[:200]
    return NasionError(
        f"{what}: can't be read ({type(error).__name__}{f': {told}' if told else ''}); an error of"
        " nasion, please report it"
    )
