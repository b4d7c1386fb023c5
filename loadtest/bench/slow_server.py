#!/usr/bin/env python3
"""Answers every request 204 after a pause, over HTTP/1.1 or TLS with a certificate made on the spot: what
outbound-memory calls. Prints its CA file's path.

  slow_server.py PORT PAUSE_S [--tls]
"""
import asyncio
import pathlib
import ssl
import subprocess
import sys
import tempfile


def tls_context(directory):
    key, cert = directory / "key.pem", directory / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", key, "-out", cert], check=True, stderr=subprocess.DEVNULL)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    print(cert, flush=True)
    return context


async def main():
    port, pause = int(sys.argv[1]), float(sys.argv[2])

    async def serve(reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                if b"content-length:" in head:
                    await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
                await asyncio.sleep(pause)
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    with tempfile.TemporaryDirectory() as directory:
        context = tls_context(pathlib.Path(directory)) if "--tls" in sys.argv else None
        server = await asyncio.start_server(serve, "127.0.0.1", port, ssl=context, backlog=4096)
        await server.serve_forever()


asyncio.run(main())
