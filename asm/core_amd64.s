//go:build amd64 && !noasm

// The number of the core; pool_amd64.go says what for. It takes some 30 cycles, once for a worker and job.

#include "textflag.h"

// func processorID() uint32
TEXT ·processorID(SB), NOSPLIT, $0-4
	RDTSCP
	MOVL CX, ret+0(FP)
	RET
