"""Ends TLS before a server without it, and asks for a client certificate: tls_proxy.py CERTIFICATE KEY CLIENTS PORT. Prints its port."""

import socket
import ssl
import sys
import threading

certificate, key, clients, port = sys.argv[1:]
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=clients)
context.load_cert_chain(certificate, key)
context.verify_mode = ssl.CERT_REQUIRED
context.set_alpn_protocols(["h2"])


def serve(raw):
    try:
        encrypted = context.wrap_socket(raw, server_side=True)
    except (OSError, ssl.SSLError):
        raw.close()
        return
    plain = socket.create_connection(("127.0.0.1", int(port)))
    # A TLS connection is not for two threads at once: both directions take turns.
    encrypted.settimeout(0.01)
    plain.settimeout(0.01)
    try:
        while True:
            for source, target in (encrypted, plain), (plain, encrypted):
                try:
                    data = source.recv(65536)
                except TimeoutError:
                    continue
                if not data:
                    return
                target.settimeout(None)
                target.sendall(data)
                target.settimeout(0.01)
    except OSError:
        pass
    finally:
        encrypted.close()
        plain.close()


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
