# SPDX-License-Identifier: GPL-2.0-only
"""Files are read with the rights of uid, gid and groups, no more and no less."""
import os
from lib import *


def main():
    top, url = fresh('permissions')
    names = {   # owner, group, mode: whom it is for
        'world.html': (0, 0, 0o644), 'server.html': (33, 0, 0o400), 'server-group.html': (0, 33, 0o640),
        'games.html': (0, 60, 0o640), 'user.html': (1234, 0, 0o400), 'user-group.html': (0, 1234, 0o640),
        'root.html': (0, 0, 0o600), 'not-server.html': (33, 0, 0o044), 'not-games.html': (0, 60, 0o604)}
    for name, (uid, gid, mode) in names.items():
        os.chown(put(f'{top}/{name}', name), uid, gid)
        os.chmod(f'{top}/{name}', mode)
    os.makedirs(f'{top}/games')
    put(f'{top}/games/a.html', 'in')
    os.chown(f'{top}/games', 0, 60)
    os.chmod(f'{top}/games', 0o710)
    names['games/a.html'] = None
    for params, mine in (
            ({}, 'world.html server.html server-group.html not-games.html'),
            ({'groups': '60'}, 'world.html server.html server-group.html games.html games/a.html'),
            ({'groups': '4,1234,60'},
             'world.html server.html server-group.html games.html games/a.html user-group.html'),
            ({'uid': 1234, 'gid': 1234, 'groups': 1234},
             'world.html user.html user-group.html not-server.html not-games.html'),
            ({'uid': 1234}, 'world.html user.html server-group.html not-server.html not-games.html'),
            ({'uid': 65534, 'gid': 65534, 'groups': 65534}, 'world.html not-server.html not-games.html')):
        check(f'{params or "defaults"}: ours are {mine}')
        with kfront(**params):
            for name in names:
                ours, before = name in mine.split(), stats()
                answer = get(f'{url}/{name}')
                if ours:
                    assert answer.body == (name if '/' not in name else 'in').encode(), answer.line
                check(f'{name}: {"served" if ours else "not ours"}')
                expect(before, requests=int(ours), handed_over_permission=int(not ours))
    check('a right that is given or taken counts at once')
    with kfront():
        for mode, ours in ((0o604, 1), (0o600, 0), (0o604, 1)):
            os.chmod(f'{top}/world.html', mode)
            before = stats()
            get(f'{url}/world.html')
            expect(before, requests=ours, handed_over_permission=1 - ours)
        os.chmod(f'{top}/world.html', 0o640)
        for gid, ours in ((33, 1), (0, 0)):
            os.chown(f'{top}/world.html', 0, gid)
            before = stats()
            get(f'{url}/world.html')
            expect(before, requests=ours, handed_over_permission=1 - ours)


if __name__ == '__main__':
    main()
