"""An OpenID provider of a test's own (OpenID Connect Core, RFC 6749, RFC 7636): discovery, authorization, tokens with PKCE,
keys, userinfo; over http or https. In: a folder for keys, made by the openssl program; faults by name. Out: an address, and what
was asked. It signs everybody in who comes, as `user`."""

import base64
import hashlib
import hmac
import http.server
import json
import os
import secrets
import ssl
import subprocess
import threading
import time
import urllib.parse

CLIENT, SECRET = "our site", "s3cret:&"


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*arguments, given=None):
    done = subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"openssl {arguments[0]}: {done.stderr}")
    return done.stdout


class Key:
    """A signing key, and what the key set says of it."""

    def __init__(self, folder, name, algorithm):
        self.file, self.name, self.algorithm = os.path.join(folder, f"{name}.key"), name, algorithm
        kind = ("RSA", "rsa_keygen_bits:2048") if algorithm == "RS256" else ("EC", "ec_paramgen_curve:P-256")
        openssl("genpkey", "-algorithm", kind[0], "-pkeyopt", kind[1], "-out", self.file)
        self.jwk = {"kid": name, "use": "sig", "alg": algorithm}
        if algorithm == "RS256":
            modulus = openssl("rsa", "-in", self.file, "-noout", "-modulus").decode().strip().partition("=")[2]
            self.jwk.update(kty="RSA", e="AQAB", n=encode(bytes.fromhex(modulus)))
        else:
            point = openssl("pkey", "-in", self.file, "-pubout", "-outform", "DER")[-64:]
            self.jwk.update(kty="EC", crv="P-256", x=encode(point[:32]), y=encode(point[32:]))

    def sign(self, text):
        signature = openssl("dgst", "-sha256", "-sign", self.file, given=text)
        if self.algorithm == "RS256":
            return signature
        # SEQUENCE { INTEGER r, INTEGER s } to r and s of 32 bytes each.
        size = signature[3]
        r, s = signature[4:4 + size], signature[6 + size:]
        return b"".join(number.lstrip(b"\0").rjust(32, b"\0") for number in (r, s))


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.provider.answer(self, None)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.provider.answer(self, dict(urllib.parse.parse_qsl(body, keep_blank_values=True)))

    def reply(self, status, document=None, headers=()):
        body = b"" if document is None else document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass  # who has asked for too much has gone


class HttpServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # a client that does not like our certificate


class OpenIdProvider:
    """`fault` is what it does wrong, one of those that the methods below name; `asked` the paths in their order. `openid` false:
    OAuth 2.0 alone, without ID tokens."""

    def __init__(self, folder, tls=None, algorithm="RS256", openid=True, name="localhost"):
        self.folder, self.openid, self.fault = folder, openid, None
        self.user = {"sub": "248289761001", "preferred_username": "alice"}
        self.userinfo = {}
        self.asked, self.codes, self.tokens = [], {}, {}
        self.released = threading.Event()  # those that hang
        self.hanging = threading.Semaphore(0)
        self.keys = [Key(folder, "first", algorithm)]
        self.stranger = Key(folder, "stranger", algorithm)
        self.server = HttpServer(("127.0.0.1", 0), Handler)
        self.server.provider = self
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            # The handshake belongs to the connection's own thread.
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.issuer = f"http{'s' if tls else ''}://{name}:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def close(self):
        self.released.set()
        if self.thread.is_alive():
            self.server.shutdown()
            self.thread.join()
            self.server.server_close()

    def rotate(self):
        self.keys = [Key(self.folder, f"key{len(self.asked)}", self.keys[0].algorithm)]

    # ---- what it is asked ------------------------------------------------------------------------------------------------

    def answer(self, handler, form):
        path, _, query = handler.path.partition("?")
        self.asked.append(path)
        place = {"/.well-known/openid-configuration": "discovery", "/keys": "keys", "/authorize": "authorize", "/token": "token",
                 "/userinfo": "userinfo"}.get(path)
        if place is None:
            return handler.reply(404)
        if self.fault == f"{place} hangs":
            self.hanging.release()
            self.released.wait()
            return handler.reply(503)
        if self.fault == f"{place} is huge":
            return handler.reply(200, b'{"a": "' + b"x" * (1 << 20) + b'"}')
        if self.fault == f"{place} is no JSON":
            return handler.reply(200, b"<html>")
        if self.fault == f"{place} fails":
            return handler.reply(500, {})
        if self.fault == f"{place} redirects":
            return handler.reply(302, headers=[("Location", self.issuer + "/elsewhere")])
        return getattr(self, "on_" + place)(handler, dict(urllib.parse.parse_qsl(query)) if form is None else form)

    def on_discovery(self, handler, _):
        issuer = self.issuer + ("/other" if self.fault == "another issuer" else "")
        handler.reply(200, {"issuer": issuer, "authorization_endpoint": self.issuer + "/authorize",
                            "token_endpoint": self.issuer + "/token", "jwks_uri": self.issuer + "/keys",
                            "userinfo_endpoint": self.issuer + "/userinfo", "response_types_supported": ["code"],
                            "code_challenge_methods_supported": ["S256"]})

    def on_keys(self, handler, _):
        handler.reply(200, {"keys": [key.jwk for key in self.keys]})

    def on_authorize(self, handler, query):
        back = query["redirect_uri"] + "?" + urllib.parse.urlencode(self.authorization(query))
        handler.reply(302, headers=[("Location", back)])

    def authorization(self, query):
        """What the browser takes back."""
        wanted = {"response_type": "code", "client_id": CLIENT, "code_challenge_method": "S256"}
        missing = [name for name in ("state", "code_challenge", "redirect_uri") if not query.get(name)]
        if missing or any(query.get(name) != value for name, value in wanted.items()):
            raise AssertionError(f"not what is asked of a provider: {query}")
        if self.fault == "access denied":
            return {"error": "access_denied", "error_description": "no", "state": query["state"]}
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return {"code": code, "state": query["state"]}

    def on_token(self, handler, form):
        known = "Basic " + base64.b64encode(f"{urllib.parse.quote(CLIENT)}:{urllib.parse.quote(SECRET)}".encode()).decode()
        if handler.headers["Authorization"] != known:
            return handler.reply(401, {"error": "invalid_client"})
        asked = self.codes.pop(form.get("code"), None)
        challenge = encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (not asked or form["grant_type"] != "authorization_code" or asked["code_challenge"] != challenge
                or asked["redirect_uri"] != form["redirect_uri"] or self.fault == "refuses the code"):
            return handler.reply(400, {"error": "invalid_grant"})
        access = secrets.token_urlsafe(16)
        self.tokens[access] = dict(self.user)
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": 300}
        if self.openid and self.fault != "no ID token":
            answer["id_token"] = self.id_token(asked["nonce"])
        if self.fault == "another type of token":
            answer["token_type"] = "mac"
        return handler.reply(200, answer)

    def id_token(self, nonce):
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce, **self.user}
        claims.update({"wrong nonce": {"nonce": "x" * 43}, "wrong audience": {"aud": "another site"}, "expired": {"exp": now - 3600},
                       "wrong issuer": {"iss": self.issuer + "/"}, "several audiences": {"aud": [CLIENT, "another site"]},
                       "from the future": {"iat": now + 3600}}.get(self.fault, {}))
        if self.fault == "no nonce":
            del claims["nonce"]
        key = self.keys[0]
        header = {"alg": key.algorithm, "kid": key.name, "typ": "JWT"}
        header.update({"no algorithm": {"alg": "none"}, "shared secret": {"alg": "HS256"}, "unknown key": {"kid": "nobody's"}}
                      .get(self.fault, {}))
        text = ".".join(encode(json.dumps(part).encode()) for part in (header, claims)).encode()
        if self.fault == "no algorithm":
            signature = b""
        elif self.fault == "shared secret":
            signature = hmac.digest(SECRET.encode(), text, "sha256")
        else:
            signature = (self.stranger if self.fault == "bad signature" else key).sign(text)
        return f"{text.decode()}.{encode(signature)}"

    def on_userinfo(self, handler, _):
        claims = self.tokens.get(handler.headers.get("Authorization", "").removeprefix("Bearer "))
        if claims is None:
            return handler.reply(401, {})
        told = {**claims, **self.userinfo}
        if self.fault == "userinfo of another":
            told["sub"] = "another"
        return handler.reply(200, told)
