// STEPWISE does STEP for the vectors of n floats, n in CX, at the offset AX, and the last n modulo WIDTH with TAILSTEP: mostly
// what STEP does, with LOADTAIL and STORETAIL in place of LOAD and STORE.
#define STEPWISE(STEP, TAILSTEP) \
	XORQ AX, AX;     \
	SUBQ $WIDTH, CX; \
	JLT  tail;       \
	PCALIGN $32;     \
whole: \
	STEP;            \
	ADDQ $BYTES, AX; \
	SUBQ $WIDTH, CX; \
	JGE  whole;      \
tail: \
	ADDQ $WIDTH, CX; \
	JEQ  done;       \
	TAIL(CX);        \
	TAILSTEP;        \
done:

// STEPWISE2 does PAIR for two vectors at a time, one at AX and one at AX+BYTES, then STEP and TAILSTEP for what is left.
#define STEPWISE2(PAIR, STEP, TAILSTEP) \
	XORQ AX, AX;         \
	SUBQ $(2*WIDTH), CX; \
	JLT  last;           \
	PCALIGN $32;         \
pairs: \
	PAIR;                \
	ADDQ $(2*BYTES), AX; \
	SUBQ $(2*WIDTH), CX; \
	JGE  pairs;          \
last: \
	ADDQ $WIDTH, CX;     \
	JLT  tail;           \
	STEP;                \
	ADDQ $BYTES, AX;     \
	SUBQ $WIDTH, CX;     \
tail: \
	ADDQ $WIDTH, CX;     \
	JEQ  done;           \
	TAIL(CX);            \
	TAILSTEP;            \
done:

// READAHEAD fetches the pair 2 KiB after this one of x in SI: what only reads gains 10 to 20 points of a copy by it. It
// may lie past x; fetching touches nothing.
#define READAHEAD \
	PREFETCHT0 2048(SI)(AX*1);       \
	PREFETCHT0 (2048+BYTES)(SI)(AX*1)
