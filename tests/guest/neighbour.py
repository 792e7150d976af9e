# SPDX-License-Identifier: GPL-2.0-only
"""A small server of root's that listens on port 80 beside somebody else: SO_REUSEPORT."""
import http.server
import socket
import threading


class Neighbour(http.server.ThreadingHTTPServer):
    """Answers everything with `body`; .served counts."""
    address_family, request_queue_size, daemon_threads = socket.AF_INET6, 128, True
    served = 0

    def __init__(self, body):
        self.body, self.counting = body, threading.Lock()
        super().__init__(('::', 80), Neighbour.Handler)

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            self.socket.setsockopt(socket.SOL_SOCKET, option, 1)
        self.socket.bind(self.server_address)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'

        def do_GET(self):
            with self.server.counting:
                self.server.served += 1
            self.send_response(200)
            self.send_header('Content-Length', str(len(self.server.body)))
            self.end_headers()
            self.wfile.write(self.server.body)

        def log_message(self, *_):
            pass
