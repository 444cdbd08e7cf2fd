#pragma once

/* Tells systemd, when it has started this process with Type=notify: sd_notify(3)'s protocol, e.g. "READY=1". */
void notify(const char *state);
