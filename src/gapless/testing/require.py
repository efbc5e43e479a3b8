"""What a battery says where something does not hold."""


def require(holds: bool, message: str) -> None:
    """Raises AssertionError, also under ``python -O``."""
    if not holds:
        raise AssertionError(message)
