/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a connection was handed to the backend: one list, used by the parser
 * and the router (which decide), the counters (handed_over_NAME in
 * /proc/net/kfront/stats) and the tracepoints. Pure: no kernel headers.
 */
#ifndef KFRONT_REASON_H
#define KFRONT_REASON_H

#define KF_REASONS(_)							\
	_(METHOD, method)		/* neither GET nor HEAD */	\
	_(BODY, body)			/* Content-Length, Transfer-Encoding, Expect */ \
	_(TARGET, target)		/* not a plain path and query */ \
	_(VERSION, version)		/* neither HTTP/1.0 nor 1.1 */	\
	_(HEADER, header)		/* a header line we do not fully understand */ \
	_(HEADER_TOO_LARGE, header_too_large) /* max_header_bytes, max_header_lines */ \
	_(HOST, host)			/* missing, odd, or not in hosts= */ \
	_(TYPE, type)			/* suffix not in the allow-list, or none */ \
	_(HANDLER, handler)		/* a name part with another meaning */ \
	_(DOTFILE, dotfile)		/* a path segment begins with a dot */ \
	_(EXCLUDED, excluded)		/* a prefix in net.kfront.exclude */ \
	_(RANGE, range)			/* several or odd ranges; 416; Request-Range */ \
	_(CONDITIONAL, conditional)	/* odd or twice; 412 */		\
	_(ENCODING, encoding)		/* the backend may compress */	\
	_(AUTHORIZATION, authorization)	/* credentials in the request */ \
	_(UPGRADE, upgrade)		/* Upgrade, HTTP2-Settings */	\
	_(USER_AGENT, user_agent)	/* Debian's setenvif.conf treats it apart */ \
	_(GUARD, guard)			/* a guard file on the way (.htaccess) */ \
	_(SYMLINK, symlink)		/* leads out of the document root */ \
	_(PERMISSION, permission)	/* uid/gid/groups may not read or search */ \
	_(NOT_A_FILE, not_a_file)	/* directory, FIFO, device, socket */ \
	_(EXECUTABLE, executable)	/* has an execute bit (XBitHack, CGI) */ \
	_(MISSING, missing)		/* no such file */		\
	_(UNSTABLE, unstable)		/* being written, or mapped writable */ \
	_(IO_ERROR, io_error)		/* the file system failed */	\
	_(NO_MEMORY, no_memory)						\
	_(BUSY, busy)			/* too many questions wait for the file system */ \
	_(DISABLED, disabled)		/* net.kfront.enabled = 0 */	\
	_(UNARMED, unarmed)		/* strict=1 and net.kfront.armed is not 1 */ \
	_(MAX_CONNECTIONS, max_connections)				\
	_(FOREIGN_SOCKET, foreign_socket) /* ULP, MPTCP, sockmap, urgent data */ \
	_(UNLOAD, unload)		/* the module is going */

enum kf_reason {
	KF_OK,			/* not handed over: ours */
#define KF_REASON_ENUM(id, name) KF_R_##id,
	KF_REASONS(KF_REASON_ENUM)
#undef KF_REASON_ENUM
	KF_R_COUNT
};

#endif /* KFRONT_REASON_H */
