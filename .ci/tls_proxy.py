"""A server with TLS before one without it, which asks for a client certificate, and the certificates for both sides."""

import asyncio
import pathlib
import ssl
import subprocess
import threading


def certificates(folder):
    """Makes an authority, a certificate of `localhost` and one of a client, as files: ca.crt, server.crt, tls.crt and their keys."""
    folder.mkdir()

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    def request(name, *words):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", *words)

    request("ca", "-x509", "-days", "2", "-out", "ca.crt")
    for name, extension in (("server", "subjectAltName=DNS:localhost\n"), ("tls", "extendedKeyUsage=clientAuth\n")):
        request(name, "-out", f"{name}.csr")
        (folder / f"{name}.ext").write_text(extension)
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.crt")
    return folder


def serve(folder, port, behind):
    """Passes connections to `port` on to the port behind it, until the process ends."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=pathlib.Path(folder) / "ca.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    context.set_alpn_protocols(["h2"])
    begun = threading.Event()

    async def copy(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def connected(reader, writer):
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", behind)
        await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))

    async def work():
        server = await asyncio.start_server(connected, "127.0.0.1", port, ssl=context)
        begun.set()
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(work()), daemon=True).start()
    begun.wait(10)
