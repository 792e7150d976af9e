# SPDX-License-Identifier: GPL-2.0-only
"""What is left of a run: bench.json, performance.md, performance/*.svg and .png."""
import datetime
import json
import os
import re
import subprocess
import traceback

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


def facts(args, kernel):
    """Where and with what this was measured."""
    changed = bool(said('git', 'status', '--porcelain', '--untracked-files=no'))
    return {
        'date': datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%d'),
        'commit': said('git', 'rev-parse', 'HEAD') + (' and changes' if changed else ''),
        'kernel': kernel,
        'compiler': said('gcc', '--version').splitlines()[0],
        'QEMU': said('qemu-system-x86_64', '--version').splitlines()[0],
        'processor': processor(),
        'quick': args.quick,
    }


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


def write(args, jobs, kernel):
    """The Markdown; marks jobs whose report cannot be made as failed."""
    where = f'{args.output}/performance'
    os.makedirs(where, exist_ok=True)
    known = facts(args, kernel)
    measures = {job.name: dict(title=job.module.TITLE, seconds=job.took, failed=bool(job.error),
                               results=job.found) for job in jobs}
    with open(f'{args.output}/bench.json', 'w') as file:
        json.dump(dict(facts=known, notes=notes(measures), measures=measures), file, indent=1)
        file.write('\n')
    chapters = [part(job, where) for job in jobs]
    table = '\n'.join(f'| {name} | {value} |' for name, value in {**known, **notes(measures)}.items()
                      if name != 'quick')
    with open(f'{HERE}/performance.in') as file:
        text = file.read()
    for name, value in dict(FACTS=f'| | |\n|---|---|\n{table}', MEASURES='\n'.join(chapters),
                            CONFIGURATIONS=configurations().strip()).items():
        text = text.replace(f'@{name}@', value)
    with open(f'{args.output}/performance.md', 'w') as file:
        file.write(text)
    return chapters
