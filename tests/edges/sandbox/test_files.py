import aiohttp
import pytest
from slack_sdk.errors import SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.answers import Refusal
from bot.sandbox.files import BYTES_BOUND, FILE_BOUND, SIZE_LIMIT, Files
from bot.sandbox.ids import Ids
from bot.sandbox.server import Sandbox
from tests.edges.sandbox.driver import Page, refused


async def test_a_file_is_uploaded_into_a_thread_and_can_be_read(
    sandbox: Sandbox, client: AsyncWebClient, page: Page
) -> None:
    channel = sandbox.channel_id("llm-evals")
    parent = (await client.chat_postMessage(channel=channel, text="Summary"))["ts"]
    answer = await client.files_upload_v2(
        channel=channel,
        thread_ts=parent,
        filename="result.md",
        title="The result",
        content="# All of it",
        initial_comment="In full",
    )
    file = answer["files"][0]
    await page.see("message")
    message = (await page.see("message"))["message"]
    assert (message["text"], message["thread_ts"]) == ("In full", parent)
    assert message["files"][0]["title"] == "The result"
    shares = (await client.files_info(file=file["id"]))["file"]["shares"]
    assert shares["public"][channel][0]["ts"] == message["ts"]
    async with aiohttp.ClientSession() as session:
        async with session.get(file["url_private"]) as body:
            assert await body.read() == b"# All of it"
        async with session.get(f"{sandbox.url}/files/F404") as body:
            assert body.status == 404


async def test_a_file_goes_to_a_person_too_but_not_where_the_app_is_not(
    sandbox: Sandbox, client: AsyncWebClient, page: Page
) -> None:
    sent = await client.files_upload_v2(channel=page.user, filename="a.txt", content="x")
    assert list(sent["files"][0]["shares"]) == ["private"]
    outside = sandbox.channel_id("random")
    call = client.files_upload_v2(channel=outside, filename="a.txt", content="x")
    assert await refused(call) == "not_in_channel"
    sandbox.workspace.archive(sandbox.workspace.channel(sandbox.channel_id("general")), page.user)
    call = client.files_upload_v2(channel=sandbox.channel_id("general"), filename="a.txt", content="x")
    assert await refused(call) == "is_archived"


async def test_the_steps_of_an_upload_are_checked(sandbox: Sandbox, client: AsyncWebClient) -> None:
    assert await refused(client.files_getUploadURLExternal(filename="a", length=0)) == "invalid_arguments"
    assert await refused(client.api_call("files.getUploadURLExternal", params={"filename": "a", "length": "x"})) == (
        "invalid_arguments"
    )
    big = client.files_getUploadURLExternal(filename="a", length=SIZE_LIMIT + 1)
    assert await refused(big) == "file_upload_size_restricted"
    announced = await client.files_getUploadURLExternal(filename="a", length=2)
    files = [{"id": announced["file_id"]}]
    assert await refused(client.files_completeUploadExternal(files=files)) == "file_not_found"
    assert await refused(client.files_completeUploadExternal(files=[])) == "invalid_arguments"
    async with aiohttp.ClientSession() as session:
        async with session.post(announced["upload_url"], data=b"abc") as answer:
            assert (answer.status, await answer.text()) == (400, "invalid_length")
        async with session.post(announced["upload_url"], data=b"ab") as answer:
            assert answer.status == 404  # an upload URL works once
        second = await client.files_getUploadURLExternal(filename="a", length=2)
        async with session.post(second["upload_url"], data=b"ab") as answer:
            assert await answer.text() == "OK - 2"
    channels = f"{sandbox.channel_id('general')},{sandbox.channel_id('llm-evals')}"
    both = {"files": [{"id": second["file_id"]}], "channels": channels}
    in_a_thread = client.api_call("files.completeUploadExternal", json=both | {"thread_ts": "1.0"})
    assert await refused(in_a_thread) == "invalid_arguments"
    shared = await client.api_call("files.completeUploadExternal", json=both)
    assert len(shared["files"][0]["shares"]["public"]) == 2


async def test_a_failed_upload_is_noticed_by_the_sdk(
    sandbox: Sandbox, client: AsyncWebClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(_secret: str, _body: bytes) -> None:
        raise Refusal("file_not_found", status=404)

    monkeypatch.setattr(sandbox.backend.files, "receive", lost)
    with pytest.raises(SlackRequestError, match="Failed to upload"):
        await client.files_upload_v2(filename="a.txt", content="x")


def test_old_files_are_forgotten() -> None:
    files = Files(Ids())
    small = [files.expect("a", 1)[0] for _ in range(FILE_BOUND + 1)]
    with pytest.raises(Refusal, match="file_not_found"):
        files.find(small[0])
    assert files.find(small[1])["name"] == "a"
    big = [files.expect("a", SIZE_LIMIT)[0] for _ in range(BYTES_BOUND // SIZE_LIMIT + 1)]
    with pytest.raises(Refusal, match="file_not_found"):
        files.body(big[0])
    assert files.body(big[-1]) == b""
