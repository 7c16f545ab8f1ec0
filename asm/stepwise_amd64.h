// STEPWISE does STEP for the vectors of n floats, n in CX, at the offset AX, and the last n modulo WIDTH with TAILSTEP.
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
