"""A real mail server for tests: `smtp-server.py MODE PORT CERT KEY FOLDER [USER PASSWORD]`.

MODE is `starttls` (offered, and nothing is taken without), `smtps`, or `plain` (no TLS at all). Each e-mail becomes a
file in FOLDER. With a user, nothing is taken before a login. A recipient `unknown@...` is refused for good, `later@...`
for now. Prints `ready` when it listens, and ends with its standard input.
"""

import asyncio
import itertools
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Folder:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.numbers = itertools.count(1)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("unknown@"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("later@"):
            return "450 4.2.1 try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        cipher = server.transport.get_extra_info("cipher")
        lines = [f"X-From: {envelope.mail_from}", f"X-To: {', '.join(envelope.rcpt_tos)}",
                 f"X-TLS: {cipher[1] if cipher else 'none'}"]
        head = "".join(line + "\r\n" for line in lines).encode()
        (self.folder / f"{next(self.numbers)}.eml").write_bytes(head + envelope.original_content)
        return "250 OK"


def login_of(user, password):
    def judge(server, session, envelope, mechanism, data):
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (user, password)
        return AuthResult(success=good, handled=False)

    return judge


async def main(mode, port, cert, key, folder, user=None, password=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    options = {"enable_SMTPUTF8": False}
    if mode == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if user:
        login = login_of(user.encode(), password.encode())
        options |= {"authenticator": login, "auth_required": True, "auth_require_tls": mode == "starttls"}
    handler = Folder(folder)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, **options), "127.0.0.1", int(port), ssl=context if mode == "smtps" else None)
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main(*sys.argv[1:]))
