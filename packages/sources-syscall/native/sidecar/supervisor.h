/* Starts the worker of one engine, and starts it again when it was killed: also when the engine has no rights left to. */
#pragma once

/* `channel` is the engine's socket. Returns when the engine has gone, or when the worker ended too often. 0, or -errno. */
int supervise(int channel);
