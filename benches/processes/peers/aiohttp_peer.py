"""The changes by a script with aiohttp: aiohttp_peer.py URL IDS CONCURRENCY."""

import asyncio
import sys

import aiohttp


async def main(url, ids, concurrency):
    headers = {"authorization": "Bearer bench"}
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(url, headers=headers, connector=connector) as session:

        async def work():
            # All workers take their ids from one iterator.
            for execution in ids:
                path = f"/v1/workflows/executions/{execution}"
                async with session.patch(path, json={"assignedTo": ["10020"]}) as answer:
                    answer.raise_for_status()
                    await answer.read()

        async with asyncio.TaskGroup() as tasks:
            for _ in range(concurrency):
                tasks.create_task(work())


url, path, concurrency = sys.argv[1:]
with open(path) as lines:
    asyncio.run(main(url, iter(lines.read().split()), int(concurrency)))
