/* Level 3: calls that are short and rare, but which state follows whatever the rules are: one program for all of them. */
#pragma once
#include "files.bpf.h"
#include "names.bpf.h"
#include "io.bpf.h"
#include "network.bpf.h"
#include "sockopt.bpf.h"
#include "identity.bpf.h"
#include "descriptors.bpf.h"
#include "system.bpf.h"

SHARED_PROGRAM(rare, RARE, WANT_EVENT, true)
