# SPDX-License-Identifier: GPL-2.0-only
"""What is left of a run: bench.json, performance.md, performance/*.svg and .png."""
import datetime
import json
import os
import re
import shutil
import subprocess
import traceback
import types
from guest import measure

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(f'{HERE}/../..')


def said(*words):
    return subprocess.run(words, cwd=TOP, capture_output=True, text=True, check=True).stdout.strip()


def processor():
    """How scripts/vm starts a guest that counts."""
    with open(f'{TOP}/scripts/vm') as script:
        text = script.read()
    machine = re.search(r'machine=\((-accel tcg -smp 1.*)\) cpu=(\S+)', text)
    words = f'{machine[1]} -cpu {machine[2]}'.replace('"', '')
    return words.replace('$icount', 'off (on, when a client is outside)')


def facts(args):
    """Where and with what this was measured."""
    changed = bool(said('git', 'status', '--porcelain', '--untracked-files=no'))
    return {
        'date': datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%d %H:%M UTC'),
        'commit': said('git', 'rev-parse', 'HEAD') + (' and changes' if changed else ''),
        'kernel': args.kernel,
        'compiler': said('gcc', '--version').splitlines()[0],
        'QEMU': said('qemu-system-x86_64', '--version').splitlines()[0],
        'processor': processor(),
        'extent': 'quick' if args.quick else 'full',
    }


def keep(job):
    """What a measure found stays beside the report, for one with other measures."""
    with open(f'{job.args.output}/{job.name}.json', 'w') as file:
        json.dump(dict(facts=job.facts, seconds=job.took, results=job.found), file)


def kept(args, names):
    """Those that came to their end in an earlier run into this directory."""
    found = {}
    for name in names:
        path = f'{args.output}/{name}.json'
        if os.path.exists(path):
            with open(path) as file:
                one = json.load(file)
            found[name] = types.SimpleNamespace(name=name, module=measure(name), facts=one['facts'],
                                                took=one['seconds'], found=one['results'], error=None)
    return found


def notes(measures):
    """What the guests said beside their findings, once each."""
    return {line['note']: line['value'] for one in measures.values() for line in one['results']
            if 'note' in line}


def part(job, directory):
    """A measure's chapter. It may fail alone."""
    found = [line for line in job.found if 'metric' in line]
    text = f'## {job.module.TITLE}\n\n'
    if job.error:
        text += 'This measure failed in this run; what it had found until then:\n\n'
    if not found:
        return text + 'Nothing.\n'
    try:
        text += job.module.table(found).strip() + '\n'
        if hasattr(job.module, 'plots'):
            for name, caption in job.module.plots(found, directory) or []:
                text += f'\n![{caption}](performance/{name}.svg)\n'
    except Exception:                   # the others go on; run ends with an error
        traceback.print_exc()
        job.error = job.error or 'its report cannot be made'
        text += '\nIts report cannot be made.\n'
    return text


def configurations():
    text = ''
    for name in sorted(os.listdir(f'{HERE}/conf')):
        with open(f'{HERE}/conf/{name}') as file:
            text += f'\n`tests/perf/conf/{name}`:\n\n```\n{file.read().strip()}\n```\n'
    return text


def several(jobs, fact):
    """A fact of all of them; if they do not agree, whose it is."""
    values = {}
    for job in jobs:
        values.setdefault(job.facts[fact], []).append(job.name)
    if len(values) == 1:
        return next(iter(values))
    return '; '.join(f'{value} ({", ".join(names)})' for value, names in values.items())


def write(args, jobs):
    """The Markdown; marks jobs whose report cannot be made as failed."""
    where = f'{args.output}/performance'
    shutil.rmtree(where, ignore_errors=True)
    os.makedirs(where)
    known = {fact: several(jobs, fact) for fact in jobs[0].facts}
    known['minutes'] = '; '.join(f'{job.name} {job.took / 60:.1f}' for job in jobs)
    there = {name[:-3] for name in os.listdir(f'{HERE}/measure') if name.endswith('.py')}
    known['not measured'] = ', '.join(sorted(there - {job.name for job in jobs})) or 'nothing'
    chapters = [part(job, where) for job in jobs]
    measures = {job.name: dict(title=job.module.TITLE, facts=job.facts, seconds=job.took,
                               failed=bool(job.error), results=job.found) for job in jobs}
    with open(f'{args.output}/bench.json', 'w') as file:
        json.dump(dict(facts=known, notes=notes(measures), measures=measures), file, indent=1)
        file.write('\n')
    table = '\n'.join(f'| {name} | {value} |' for name, value in {**known, **notes(measures)}.items())
    with open(f'{HERE}/performance.in') as file:
        text = file.read()
    for name, value in dict(FACTS=f'| | |\n|---|---|\n{table}', MEASURES='\n'.join(chapters),
                            CONFIGURATIONS=configurations().strip()).items():
        text = text.replace(f'@{name}@', value)
    with open(f'{args.output}/performance.md', 'w') as file:
        file.write(text)
    return chapters
