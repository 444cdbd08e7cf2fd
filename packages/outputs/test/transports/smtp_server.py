"""A mail server for tests: prints each mail as one line of JSON. An address that begins with a number is refused with it; so is a mail
whose subject holds "refuse NNN"."""
import json
import re
import ssl
import sys
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
import email.policy

options = json.loads(sys.argv[1])


def refusal(text):
    match = re.match(r"(\d{3})", text)
    return f"{match.group(1)} refused" if match else None


class Handler:
    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        envelope.mail_from = address
        return refusal(address) or "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        reason = refusal(address)
        if reason:
            return reason
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.SMTP)
        match = re.search(r"refuse (\d{3})", mail["Subject"])
        if match:
            return f"{match.group(1)} refused"
        body = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
        print(json.dumps({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None,
            "login": (session.auth_data or b"").decode() if session.authenticated else None,
            "headers": [[name, str(value)] for name, value in mail.items()],
            "text": body.get("text/plain"),
            "html": body.get("text/html"),
        }), flush=True)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    if data.login == b"user" and data.password == b"pass":
        return AuthResult(success=True, auth_data=data.login)
    return AuthResult(success=False, handled=False)


context = None
if options.get("cert"):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(options["cert"], options["key"])
    if options.get("ca"):
        context.load_verify_locations(options["ca"])
        context.verify_mode = ssl.CERT_REQUIRED


class Server(Controller):
    def factory(self):
        return SMTP(
            self.handler,
            hostname="mail.test",
            data_size_limit=options.get("limit", 1 << 20),
            tls_context=None if options.get("smtps") else context,
            require_starttls=context is not None and not options.get("smtps"),
            authenticator=authenticate,
            auth_required=options.get("auth", False),
            auth_require_tls=context is not None and not options.get("smtps"),
        )


Server(Handler(), hostname="127.0.0.1", port=options["port"],
       ssl_context=context if options.get("smtps") else None).start()
while True:
    time.sleep(3600)
