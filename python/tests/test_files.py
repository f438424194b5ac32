"""Files, by both clients: sent as parameters, and fetched."""

import io

import pytest

from brimful import BrimfulError, ConfigError, FileData

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def file(kind, bitrix_portal):
    """A client, and the link to a file that it has uploaded."""
    client = kind.client(bitrix_portal.webhook, rate=None)
    sent = FileData("договор 1.pdf", CONTENT)
    made = kind.run(client.call("disk.storage.uploadfile", sent.upload_params(1)))
    told = kind.run(client.call("disk.file.get", {"id": made["ID"]}))
    return client, told["DOWNLOAD_URL"]


def test_a_file_is_fetched_to_a_path(kind, file, tmp_path):
    client, link = file
    target = tmp_path / "contract.pdf"
    got = kind.run(client.download(link, target, size=len(CONTENT)))
    assert (got.bytes, got.name) == (len(CONTENT), "договор 1.pdf")
    assert target.read_bytes() == CONTENT
    assert [one.name for one in tmp_path.iterdir()] == ["contract.pdf"]


def test_a_file_is_fetched_to_an_open_file_and_into_memory(kind, file):
    client, link = file
    out = io.BytesIO()
    got = kind.run(client.download(link, out))
    assert (out.getvalue(), got.bytes, got.name) == (CONTENT, len(CONTENT), "договор 1.pdf")
    assert kind.run(client.download_bytes(link)) == CONTENT


def test_what_is_not_the_file_is_not_kept(kind, file, tmp_path):
    client, link = file
    with pytest.raises(BrimfulError) as caught:
        kind.run(client.download(link, str(tmp_path / "half"), size=5))
    assert caught.value.kind == "Incomplete"
    assert not list(tmp_path.iterdir())
    for where in ("https://evil.test/file?token=s3cr3t", ""):
        with pytest.raises(ValueError) as caught:
            kind.run(client.download_bytes(where))
        assert "s3cr3t" not in str(caught.value)
    with pytest.raises(ConfigError):
        kind.run(client.download_bytes("ftp://evil.test/file", any_host=True))


def test_arguments_that_make_no_sense(kind, file, tmp_path):
    client, link = file
    for target, options, name in [
        (5, {}, "target"),
        (tmp_path / "a", {"size": -1}, "size"),
        (tmp_path / "a", {"allow_hosts": "cdn.test"}, "allow_hosts"),
    ]:
        with pytest.raises((TypeError, ValueError), match=f"^{name} "):
            kind.run(client.download(link, target, **options))


def test_a_file_is_a_pair_wherever_it_goes(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"hello")
    file = FileData.read(tmp_path / "a.txt")
    assert file.name_and_base64() == ["a.txt", "aGVsbG8="]
    assert file.crm_field_value() == {"fileData": ["a.txt", "aGVsbG8="]}
    assert file.upload_params(3) == {"id": 3, "data": {"NAME": "a.txt"}, "fileContent": ["a.txt", "aGVsbG8="]}
    assert "hello" not in repr(file)
    with pytest.raises(TypeError, match="^content "):
        FileData("a.txt", "hello")
