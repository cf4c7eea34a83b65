"""Every Web API method that this workspace answers."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.sandbox.methods import apps, chat, conversations, files, people, views
from bot.sandbox.methods.call import Method

METHODS: Mapping[str, Method] = MappingProxyType(
    chat.METHODS | conversations.METHODS | people.METHODS | views.METHODS | files.METHODS | apps.METHODS
)
