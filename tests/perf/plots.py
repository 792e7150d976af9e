# SPDX-License-Identifier: GPL-2.0-only
"""Curves and bars, drawn by gnuplot: each as NAME.svg, for docs/, and NAME.png."""
import subprocess

COLOURS = {'null': '#999999', 'kfront': '#d62728', 'nginx': '#2ca02c', 'apache': '#1f77b4',
           'lighttpd': '#9467bd', 'kfront - null': '#d62728', 'limit': '#999999'}
NAMES = {'apache': 'Apache', 'null': 'null responder'}
OTHERS = ('#ff7f0e', '#8c564b', '#e377c2', '#17becf', '#bcbd22')
TERMINALS = {'svg': 'svg size 800,480 dynamic background "white" font "Helvetica,14"',
             'png': 'png size 800,480 background "white"'}


def colour(name, number):
    return COLOURS.get(name, OTHERS[number % len(OTHERS)])


def gnuplot(path, script):
    for kind, terminal in TERMINALS.items():
        head = f'set terminal {terminal}\nset output "{path}.{kind}"\n'
        subprocess.run(['gnuplot'], input=head + script, text=True, check=True)


def quoted(text):
    return '"' + text.replace('\\', r'\\').replace('"', r'\"').replace('_', r'\\_') + '"'


def data(name, rows):
    return f'${name} << END\n' + ''.join(' '.join(map(str, row)) + '\n' for row in rows) + 'END\n'


def curves(path, title, x, y, lines, logx=False, logy=False, more='', ticks=None):
    """lines: {name: [(x, y), ...]}. ticks: {x: label}. more: further commands."""
    lines = {name: sorted(points) for name, points in lines.items() if points}
    script = f'set title {quoted(title)}\nset xlabel {quoted(x)}\nset ylabel {quoted(y)}\nset grid\n'
    script += 'set key outside right top\n' + ('set logscale y\n' if logy else 'set yrange [0:*]\n')
    script += 'set logscale x 2\n' if logx else ''
    if ticks:
        script += 'set xtics (' + ', '.join(f'{quoted(label)} {at}' for at, label in ticks.items()) + ')\n'
    script += more + '\n'
    script += ''.join(data(f'd{number}', points) for number, points in enumerate(lines.values()))
    script += 'plot ' + ', '.join(
        f'$d{number} using 1:2 with linespoints lw 2 pt {number + 4} lc rgb "{colour(name, number)}" '
        f'title {quoted(NAMES.get(name, name))}' for number, name in enumerate(lines)) + '\n'
    gnuplot(path, script)


def bars(path, title, y, groups, more=''):
    """groups: {group: {name: value}}, a cluster of bars for each group."""
    names = list(dict.fromkeys(name for values in groups.values() for name in values))
    rows = [[quoted(group)] + [values.get(name, 'NaN') for name in names] for group, values in groups.items()]
    script = f'set title {quoted(title)}\nset ylabel {quoted(y)}\nset grid y\nset style data histogram\n'
    script += 'set style fill solid 0.9 border -1\nset style histogram clustered gap 1\nset boxwidth 0.9\n'
    script += 'set xtics rotate by -35 nomirror\nset key outside right top\nset yrange [0:*]\n' + more + '\n'
    script += data('bars', rows) + 'plot ' + ', '.join(
        f'$bars using {number + 2}{":xtic(1)" if not number else ""} lc rgb "{colour(name, number)}" '
        f'title {quoted(NAMES.get(name, name))}' for number, name in enumerate(names)) + '\n'
    gnuplot(path, script)
