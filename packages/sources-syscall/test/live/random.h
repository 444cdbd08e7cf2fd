/* Numbers that a seed decides, in `state`. */
#pragma once

static unsigned long state;

static unsigned below(unsigned n)
{
	state = state * 6364136223846793005ul + 1442695040888963407ul;
	return (state >> 33) % n;
}

#define PICK(list) ((list)[below(sizeof(list) / sizeof(*(list)))])
