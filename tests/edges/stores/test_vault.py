import pytest
from cryptography.fernet import Fernet

from bot.core.errors import UnavailableError
from bot.stores.vault import Opened, Vault

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_what_is_sealed_opens_and_does_not_show() -> None:
    vault = Vault([NEW])
    sealed = vault.seal(b"xoxb-secret")
    assert b"xoxb" not in sealed
    assert vault.open(sealed, what="it") == Opened(text=b"xoxb-secret", is_stale=False)


def test_what_an_older_key_sealed_opens_and_is_told_to_be_stale() -> None:
    sealed = Vault([OLD]).seal(b"text")
    assert Vault([NEW, OLD]).open(sealed, what="it") == Opened(text=b"text", is_stale=True)
    assert Vault([OLD, NEW]).open(sealed, what="it") == Opened(text=b"text", is_stale=False)


@pytest.mark.parametrize("keys", [[NEW], [NEW, Fernet.generate_key().decode()]])
def test_without_the_key_the_setting_is_named_and_the_text_is_not_shown(keys: list[str]) -> None:
    sealed = Vault([OLD]).seal(b"text")
    with pytest.raises(UnavailableError, match="the letter can't be read: no key in TIDINGS_ENCRYPTION_KEYS fits"):
        Vault(keys).open(sealed, what="the letter")


def test_what_was_changed_does_not_open() -> None:
    sealed = bytearray(Vault([NEW]).seal(b"text"))
    sealed[20] ^= 1
    with pytest.raises(UnavailableError):
        Vault([NEW]).open(bytes(sealed), what="it")
