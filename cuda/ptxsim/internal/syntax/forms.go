package syntax

import (
	"fmt"
	"strings"
)

// This file is the table of instructions: each line a form as the PTX manual writes it.
//
// A line is `opcode modifiers ; targets < sources`. A modifier is one of several alternatives joined by |, $name for a
// list below, with :name to remember which one it was and ? where it may be left out. An operand is
//
//	T, U, V      a register or literal of the type remembered under that name
//	u32, b64...  one of that type
//	W            an integer of twice the size of T
//	~T           a register that may be larger than T, as loads, stores and conversions allow
//	*T           a vector of as many T as the modifier remembered as vec says, or one T without it
//	4xT          a vector of four T
//	pred, !pred  a predicate, which ! may negate
//	predicate    a predicate or a number
//	pred|pred    a predicate, perhaps with a second after |
//	T|pred       a register, perhaps with a predicate after |
//	[]           an address
//	[map]        an address of a tensor map with coordinates, as many as the modifier remembered as dim says
//	offsets      a vector of the offsets of im2col, two fewer than coordinates
//	imm          a whole number
//	sink         _, for a result that nobody may ask for
//	label, targets  places in the function
//	any          anything of a mov: the address of a variable or function, a special register, a register
//
// with ? where it may be left out. After the opcode may stand @90 for the least target, @90a for exactly sm_90a, @v91
// for the least version.
const forms = `
add $int:T ; T < T T
add sat s32:T ; T < T T
add @90 u16x2|s16x2:T ; T < T T
add $rnd:rnd? ftz? sat? f32:T ; T < T T
add $rnd:rnd? f64:T ; T < T T
add rn:rnd? ftz? sat? f16|f16x2:T ; T < T T
add @90 rn:rnd? bf16|bf16x2:T ; T < T T
sub $int:T ; T < T T
sub sat s32:T ; T < T T
sub $rnd:rnd? ftz? sat? f32:T ; T < T T
sub $rnd:rnd? f64:T ; T < T T
sub rn:rnd? ftz? sat? f16|f16x2:T ; T < T T
sub @90 rn:rnd? bf16|bf16x2:T ; T < T T
mul lo|hi:part $int:T ; T < T T
mul wide:part u16|s16|u32|s32:T ; W < T T
mul $rnd:rnd? ftz? sat? f32:T ; T < T T
mul $rnd:rnd? f64:T ; T < T T
mul rn:rnd? ftz? sat? f16|f16x2:T ; T < T T
mul @90 rn:rnd? bf16|bf16x2:T ; T < T T
mad lo|hi:part $int:T ; T < T T T
mad wide:part u16|s16|u32|s32:T ; W < T T W
mad hi:part sat s32:T ; T < T T T
mad $rnd:rnd ftz? sat? f32:T ; T < T T T
mad $rnd:rnd f64:T ; T < T T T
mul24 lo|hi:part u32|s32:T ; T < T T
mad24 lo|hi:part u32|s32:T ; T < T T T
add cc u32|s32|u64|s64:T ; T < T T
addc cc? u32|s32|u64|s64:T ; T < T T
sub cc u32|s32|u64|s64:T ; T < T T
subc cc? u32|s32|u64|s64:T ; T < T T
mad lo|hi:part cc u32|s32|u64|s64:T ; T < T T T
madc lo|hi:part cc? u32|s32|u64|s64:T ; T < T T T
fma $rnd:rnd ftz? sat? f32:T ; T < T T T
fma $rnd:rnd f64:T ; T < T T T
fma rn:rnd ftz? sat? f16|f16x2:T ; T < T T T
fma rn:rnd ftz? relu f16|f16x2:T ; T < T T T
fma rn:rnd relu? bf16|bf16x2:T ; T < T T T
fma @90 rn:rnd oob:oob relu? f16|f16x2|bf16|bf16x2:T ; T < T T T
div $int:T ; T < T T
div approx|full|rn|rz|rm|rp:rnd ftz? f32:T ; T < T T
div $rnd:rnd f64:T ; T < T T
rem $int:T ; T < T T
sad $int:T ; T < T T T
abs s16|s32|s64:T ; T < T
abs ftz? f32|f16|f16x2:T ; T < T
abs f64|bf16|bf16x2:T ; T < T
neg s16|s32|s64:T ; T < T
neg ftz? f32|f16|f16x2:T ; T < T
neg f64|bf16|bf16x2:T ; T < T
min|max:op $int:T ; T < T T
min|max:op @90 u16x2:T ; T < T T
min|max:op @90 relu? s16x2:T ; T < T T
min|max:op @90 relu s32:T ; T < T T
min|max:op ftz? NaN:nan? f32:T ; T < T T
min|max:op f64:T ; T < T T
min|max:op ftz? NaN:nan? f16|f16x2:T ; T < T T
min|max:op NaN:nan? bf16|bf16x2:T ; T < T T
min|max:op @86 ftz? NaN:nan? xorsign abs f32|f16|f16x2:T ; T < T T
min|max:op @86 NaN:nan? xorsign abs bf16|bf16x2:T ; T < T T
rcp approx|rn|rz|rm|rp:rnd ftz? f32:T ; T < T
rcp $rnd:rnd f64:T ; T < T
rcp approx:rnd ftz f64:T ; T < T
sqrt approx|rn|rz|rm|rp:rnd ftz? f32:T ; T < T
sqrt $rnd:rnd f64:T ; T < T
rsqrt approx:rnd ftz? f32|f64:T ; T < T
sin|cos|lg2:op approx:rnd ftz? f32:T ; T < T
ex2 approx:rnd ftz? f32:T ; T < T
ex2 approx:rnd f16|f16x2:T ; T < T
tanh approx:rnd f32|f16|f16x2:T ; T < T
ex2 @90 approx:rnd ftz bf16|bf16x2:T ; T < T
tanh @90 approx:rnd bf16|bf16x2:T ; T < T
copysign f32|f64:T ; T < T T
testp finite|infinite|number|notanumber|normal|subnormal:test f32|f64:T ; pred < T
and|or|xor:op b16|b32|b64:T ; T < T T
and|or|xor:op pred:T ; pred < pred pred
not b16|b32|b64:T ; T < T
not pred:T ; pred < pred
cnot b16|b32|b64:T ; T < T
shl b16|b32|b64:T ; T < T u32
shr b16|b32|b64|u16|u32|u64|s16|s32|s64:T ; T < T u32
shf l|r:side clamp|wrap:mode b32:T ; T < T T u32
lop3 b32:T ; T < T T T imm
lop3 @v82 or|and:bool b32:T ; T|pred < T T T imm !pred
fns b32:T ; T < T T s32
prmt b32:T f4e|b4e|rc8|ecl|ecr|rc16:mode? ; T < T T u32
bfe u32|u64|s32|s64:T ; T < T u32 u32
bfi b32|b64:T ; T < T T u32 u32
bfind shiftamt? u32|u64|s32|s64:T ; u32 < T
szext clamp|wrap:mode u32|s32:T ; T < T u32
bmsk clamp|wrap:mode b32:T ; T < u32 u32
brev b32|b64:T ; T < T
popc|clz:op b32|b64:T ; u32 < T
dp4a u32|s32:T u32|s32:U ; s32 < b32 b32 s32
dp2a lo|hi:part u32|s32:T u32|s32:U ; s32 < b32 b32 s32
selp b16|b32|b64|u16|u32|u64|s16|s32|s64|f32|f64:T ; T < T T pred
slct b16|b32|b64|u16|u32|u64|s16|s32|s64|f32|f64:T s32:U ; T < T T U
slct ftz? b16|b32|b64|u16|u32|u64|s16|s32|s64|f32|f64:T f32:U ; T < T T U
setp $icmp:cmp $int:T ; pred|pred < T T
setp $ucmp:cmp u16|u32|u64:T ; pred|pred < T T
setp eq|ne:cmp b16|b32|b64:T ; pred|pred < T T
setp $fcmp:cmp ftz? f32:T ; pred|pred < T T
setp $fcmp:cmp f64:T ; pred|pred < T T
setp $fcmp:cmp ftz? f16:T ; pred < T T
setp $fcmp:cmp ftz? f16x2:T ; pred|pred < T T
setp @90 $fcmp:cmp bf16:T ; pred < T T
setp @90 $fcmp:cmp bf16x2:T ; pred|pred < T T
setp $icmp:cmp and|or|xor:bool $int:T ; pred|pred < T T !pred
setp $ucmp:cmp and|or|xor:bool u16|u32|u64:T ; pred|pred < T T !pred
setp eq|ne:cmp and|or|xor:bool b16|b32|b64:T ; pred|pred < T T !pred
setp $fcmp:cmp and|or|xor:bool ftz? f32:T ; pred|pred < T T !pred
setp $fcmp:cmp and|or|xor:bool f64:T ; pred|pred < T T !pred
setp $fcmp:cmp and|or|xor:bool ftz? f16:T ; pred < T T !pred
setp $fcmp:cmp and|or|xor:bool ftz? f16x2:T ; pred|pred < T T !pred
set $icmp:cmp u32|s32|f32:U $int:T ; U < T T
set $ucmp:cmp u32|s32|f32:U u16|u32|u64:T ; U < T T
set eq|ne:cmp u32|s32|f32:U b16|b32|b64:T ; U < T T
set $fcmp:cmp ftz? u32|s32|f32:U f32:T ; U < T T
set $fcmp:cmp u32|s32|f32:U f64:T ; U < T T
set $icmp:cmp and|or|xor:bool u32|s32|f32:U $int:T ; U < T T !pred
set $ucmp:cmp and|or|xor:bool u32|s32|f32:U u16|u32|u64:T ; U < T T !pred
set $fcmp:cmp and|or|xor:bool ftz? u32|s32|f32:U f32:T ; U < T T !pred
set $fcmp:cmp and|or|xor:bool u32|s32|f32:U f64:T ; U < T T !pred
set eq|ne:cmp and|or|xor:bool u32|s32|f32:U b16|b32|b64:T ; U < T T !pred
set $fcmp:cmp ftz? f16|u16|s16|u32|s32:U f16:T ; U < T T
set $fcmp:cmp and|or|xor:bool ftz? f16|u16|s16|u32|s32:U f16:T ; U < T T !pred
set $fcmp:cmp ftz? f16x2|u32|s32:U f16x2:T ; U < T T
set $fcmp:cmp and|or|xor:bool ftz? f16x2|u32|s32:U f16x2:T ; U < T T !pred
set @90 $fcmp:cmp bf16x2|u32|s32:U bf16x2:T ; U < T T
set @90 $fcmp:cmp and|or|xor:bool bf16x2|u32|s32:U bf16x2:T ; U < T T !pred
set @90 $fcmp:cmp bf16|u16|s16|u32|s32:U bf16:T ; U < T T
set @90 $fcmp:cmp and|or|xor:bool bf16|u16|s16|u32|s32:U bf16:T ; U < T T !pred
mov b16|b32|b64|u16|u32|u64|s16|s32|s64|f32|f64:T ; any < any
mov pred:T ; pred < predicate
cvt u8|u16|u32|u64|s8|s16|s32|s64:T u8|u16|u32|u64|s8|s16|s32|s64:U ; ~T < ~U
cvt sat s8:T u8|u16|u32|u64|s16|s32|s64:U ; ~T < ~U
cvt sat u8:T u16|u32|u64|s8|s16|s32|s64:U ; ~T < ~U
cvt sat s16:T u16|u32|u64|s32|s64:U ; ~T < ~U
cvt sat u16:T u32|u64|s8|s16|s32|s64:U ; ~T < ~U
cvt sat s32:T u32|u64|s64:U ; ~T < ~U
cvt sat u32:T u64|s8|s16|s32|s64:U ; ~T < ~U
cvt sat s64:T u64:U ; ~T < ~U
cvt sat u64:T s8|s16|s32|s64:U ; ~T < ~U
cvt $irnd:rnd ftz? sat? u8|u16|u32|u64|s8|s16|s32|s64:T f32:U ; ~T < U
cvt $irnd:rnd sat? u8|u16|u32|u64|s8|s16|s32|s64:T f16|f64:U ; ~T < U
cvt $rnd:rnd ftz? sat? f32:T u8|u16|u32|u64|s8|s16|s32|s64:U ; T < ~U
cvt $rnd:rnd sat? f16|f64:T u8|u16|u32|u64|s8|s16|s32|s64:U ; T < ~U
cvt $rnd:rnd ftz? sat? f32:T f64:U ; T < U
cvt $rnd:rnd ftz? sat? f16:T f32|f64:U ; T < U
cvt rn|rz:rnd relu? bf16:T f32:U ; T < U
cvt @90 rm|rp:rnd bf16:T f32:U ; T < U
cvt @v81 rn|rz:rnd relu? satfinite f16|bf16:T f32:U ; T < U
cvt rn|rz:rnd relu? f16x2|bf16x2:T f32:U ; b32 < U U
cvt @v81 rn|rz:rnd relu? satfinite f16x2|bf16x2:T f32:U ; b32 < U U
cvt rn|rz:rnd relu f16:T f32:U ; T < U
cvt rna:rnd tf32:T f32:U ; b32 < U
cvt @89 @v81 rna:rnd satfinite tf32:T f32:U ; b32 < U
cvt @89 @v81 rn:rnd satfinite relu? e4m3x2|e5m2x2:T f32:U ; b16 < U U
cvt @89 @v81 rn:rnd satfinite relu? e4m3x2|e5m2x2:T f16x2:U ; b16 < b32
cvt @89 @v81 rn:rnd relu? f16x2:T e4m3x2|e5m2x2:U ; b32 < b16
cvt @90 rn|rz:rnd relu? tf32:T f32:U ; b32 < U
cvt ftz? sat? f32:T f16:U ; T < U
cvt ftz? sat? f64:T f32|f16:U ; T < U
cvt ftz? sat? f32:T f32:U ; T < U
cvt sat? f64:T f64:U ; T < U
cvt sat? f16:T f16:U ; T < U
cvt $irnd:rnd ftz? sat? f32:T f32:U ; T < U
cvt $irnd:rnd sat? f64:T f64:U ; T < U
cvt $irnd:rnd sat? f16:T f16:U ; T < U
cvt f32:T bf16:U ; T < U
cvt @90 $irnd:rnd? bf16:T bf16:U ; T < U
cvt @90 $rnd:rnd bf16:T u16|u32|u64|s16|s32|s64|f16|f64:U ; T < ~U
cvt @90 $irnd:rnd u16|u32|u64|s16|s32|s64:T bf16:U ; ~T < U
cvt pack sat u16|s16:T s32:U ; b32 < s32 s32
cvt pack sat u8|s8:T s32:U b32 ; b32 < s32 s32 b32
cvta global|shared|local|const|shared::cta:space u64:T ; T < any
cvta to global|shared|local|const|shared::cta:space u64:T ; T < any
cvta @90 shared::cluster:space u64:T ; T < any
cvta @90 to shared::cluster:space u64:T ; T < any
cvta @v77 param:space u64:T ; T < any
isspacep global|shared|local|const|shared::cta:space ; pred < u64
isspacep @90 shared::cluster:space ; pred < u64
isspacep @v77 param:space ; pred < u64
mapa @90 shared::cluster:space u32|u64:T ; T < any u32
mapa @90 u64:T ; T < T u32
getctarank @90 shared::cluster:space u32|u64:T ; u32 < any
getctarank @90 u64:T ; u32 < T
ld const:space $scalar:T ; *~T < []
ld const:space v2|v4:vec $scalar:T ; *~T < []
ld param|param::entry:space v2|v4:vec? $scalar:T ; *~T < []
ld weak? global|shared|local|shared::cta:space? $ldcache:cache? $evict:evict? L2::cache_hint:hint? $prefetch:prefetch? v2|v4:vec? $scalar:T ; *~T < [] b64?
ld volatile:strong global|shared|shared::cta:space? v2|v4:vec? $scalar:T ; *~T < []
ld @v91 volatile:strong local:space v2|v4:vec? $scalar:T ; *~T < []
ld relaxed|acquire:strong cta|cluster|gpu|sys:scope global|shared|shared::cta:space? $evict:evict? L2::cache_hint:hint? $prefetch:prefetch? v2|v4:vec? $scalar:T ; *~T < [] b64?
ld global:space ca|cg|cs:cache? nc:nc $evict:evict? L2::cache_hint:hint? $prefetch:prefetch? v2|v4:vec? $scalar:T ; *~T < [] b64?
ld @90 weak? shared::cluster:space v2|v4:vec? $scalar:T ; *~T < []
ld @90 volatile:strong shared::cluster:space v2|v4:vec? $scalar:T ; *~T < []
ld @90 relaxed|acquire:strong cta|cluster|gpu|sys:scope shared::cluster:space v2|v4:vec? $scalar:T ; *~T < []
ld @v82 mmio relaxed:strong sys:scope global:space? $scalar:T ; *~T < []
ldu global:space? v2|v4:vec? $scalar:T ; *~T < []
st param:space v2|v4:vec? $scalar:T ; < [] *~T
st weak? global|shared|local|shared::cta:space? wb|cg|cs|wt:cache? $evict:evict? L2::cache_hint:hint? v2|v4:vec? $scalar:T ; < [] *~T b64?
st volatile:strong global|shared|shared::cta:space? v2|v4:vec? $scalar:T ; < [] *~T
st @v91 volatile:strong local:space v2|v4:vec? $scalar:T ; < [] *~T
st relaxed|release:strong cta|cluster|gpu|sys:scope global|shared|shared::cta:space? $evict:evict? L2::cache_hint:hint? v2|v4:vec? $scalar:T ; < [] *~T b64?
st @90 weak? shared::cluster:space v2|v4:vec? $scalar:T ; < [] *~T
st @90 volatile:strong shared::cluster:space v2|v4:vec? $scalar:T ; < [] *~T
st @90 relaxed|release:strong cta|cluster|gpu|sys:scope shared::cluster:space v2|v4:vec? $scalar:T ; < [] *~T
st @v82 mmio relaxed:strong sys:scope global:space? $scalar:T ; < [] *~T
st @90 @v81 async:async weak? shared::cluster:space? mbarrier::complete_tx::bytes v2|v4:vec? b32|b64|u32|u64|s32|s64|f32|f64:T ; < [] *T []
prefetch global|local:space? L1|L2:level ; < []
prefetch global:space L2::evict_last|L2::evict_normal:level ; < []
prefetchu L1 ; < []
prefetch @90 const|param:space? tensormap ; < []
alloca @v73 u64:T ; T < T imm?
stacksave @v73 u64:T ; T <
stackrestore @v73 u64:T ; < T
createpolicy fractional L2::evict_last|L2::evict_normal|L2::evict_first|L2::evict_unchanged:policy b64 ; b64 < f32?
createpolicy range global? L2::evict_last|L2::evict_normal|L2::evict_first|L2::evict_unchanged:policy L2::evict_first|L2::evict_unchanged:other? b64 ; b64 < [] u32 u32
createpolicy cvt L2 b64 ; b64 < b64
applypriority global? L2::evict_normal ; < [] imm
discard global:space? L2 ; < [] imm
atom $order:order? $scope:scope? global|shared|shared::cta:space? and|or|xor|exch:op b32|b64:T ; T < [] T
atom @90 $order:order? $scope:scope? shared::cluster:space and|or|xor|exch:op b32|b64:T ; T < [] T
atom $order:order? $scope:scope? global|shared|shared::cta:space? cas:op b16|b32|b64:T ; T < [] T T
atom @90 $order:order? $scope:scope? shared::cluster:space cas:op b16|b32|b64:T ; T < [] T T
atom $order:order? $scope:scope? global|shared|shared::cta:space? add:op u32|s32|u64|f32|f64:T ; T < [] T
atom @90 $order:order? $scope:scope? shared::cluster:space add:op u32|s32|u64|f32|f64:T ; T < [] T
atom $order:order? $scope:scope? global|shared|shared::cta:space? add:op noftz f16|f16x2:T ; T < [] T
atom @90 $order:order? $scope:scope? shared::cluster:space add:op noftz f16|f16x2:T ; T < [] T
atom @90 $order:order? $scope:scope? global|shared|shared::cta:space? add:op noftz bf16|bf16x2:T ; T < [] T
atom @90 $order:order? $scope:scope? shared::cluster:space add:op noftz bf16|bf16x2:T ; T < [] T
atom $order:order? $scope:scope? global|shared|shared::cta:space? inc|dec:op u32:T ; T < [] T
atom @90 $order:order? $scope:scope? shared::cluster:space inc|dec:op u32:T ; T < [] T
atom $order:order? $scope:scope? global|shared|shared::cta:space? min|max:op u32|s32|u64|s64:T ; T < [] T
atom @90 $order:order? $scope:scope? shared::cluster:space min|max:op u32|s32|u64|s64:T ; T < [] T
red relaxed|release:order? $scope:scope? global|shared|shared::cta:space? and|or|xor:op b32|b64:T ; < [] T
red @90 relaxed|release:order? $scope:scope? shared::cluster:space and|or|xor:op b32|b64:T ; < [] T
red relaxed|release:order? $scope:scope? global|shared|shared::cta:space? add:op u32|s32|u64|f32|f64:T ; < [] T
red @90 relaxed|release:order? $scope:scope? shared::cluster:space add:op u32|s32|u64|f32|f64:T ; < [] T
red relaxed|release:order? $scope:scope? global|shared|shared::cta:space? add:op noftz f16|f16x2:T ; < [] T
red @90 relaxed|release:order? $scope:scope? shared::cluster:space add:op noftz f16|f16x2:T ; < [] T
red @90 relaxed|release:order? $scope:scope? global|shared|shared::cta:space? add:op noftz bf16|bf16x2:T ; < [] T
red @90 relaxed|release:order? $scope:scope? shared::cluster:space add:op noftz bf16|bf16x2:T ; < [] T
red relaxed|release:order? $scope:scope? global|shared|shared::cta:space? inc|dec:op u32:T ; < [] T
red @90 relaxed|release:order? $scope:scope? shared::cluster:space inc|dec:op u32:T ; < [] T
red relaxed|release:order? $scope:scope? global|shared|shared::cta:space? min|max:op u32|s32|u64|s64:T ; < [] T
red @90 relaxed|release:order? $scope:scope? shared::cluster:space min|max:op u32|s32|u64|s64:T ; < [] T
red @90 @v81 async:async relaxed:order cluster:scope shared::cluster:space? mbarrier::complete_tx::bytes inc|dec:op u32:T ; < [] T []
red @90 @v81 async:async relaxed:order cluster:scope shared::cluster:space? mbarrier::complete_tx::bytes min|max:op u32|s32:T ; < [] T []
red @90 @v81 async:async relaxed:order cluster:scope shared::cluster:space? mbarrier::complete_tx::bytes add:op u32|s32|u64|s64:T ; < [] T []
red @90 @v81 async:async relaxed:order cluster:scope shared::cluster:space? mbarrier::complete_tx::bytes and|or|xor:op b32:T ; < [] T []
red @90 relaxed|release:order? $scope:scope? global:space add:op v2|v4:vec f32:T ; < [] *T
red @90 relaxed|release:order? $scope:scope? global:space add|min|max:op noftz v2|v4:vec f16x2|bf16x2:T ; < [] *T
red @90 relaxed|release:order? $scope:scope? global:space add|min|max:op noftz v2|v4|v8:vec f16|bf16:T ; < [] *T
atom @90 $order:order? $scope:scope? global:space add:op v2|v4:vec f32:T ; *T < [] *T
atom @90 $order:order? $scope:scope? global:space add|min|max:op noftz v2|v4:vec f16x2|bf16x2:T ; *T < [] *T
atom @90 $order:order? $scope:scope? global:space add|min|max:op noftz v2|v4|v8:vec f16|bf16:T ; *T < [] *T
fence sc|acq_rel:order? cta|cluster|gpu|sys:scope ;
fence @90 @v86 acquire|release:order cta|cluster|gpu|sys:scope ;
fence proxy alias:kind ;
fence @90 proxy async:kind ;
fence @90 proxy async:kind global|shared::cta|shared::cluster:where ;
mbarrier init:op shared|shared::cta:space? b64 ; < [] u32
mbarrier inval:op shared|shared::cta:space? b64 ; < []
mbarrier @90 expect_tx:op relaxed:order? cta|cluster:scope? shared|shared::cta:space? b64 ; < [] u32
mbarrier arrive|arrive_drop:op shared|shared::cta:space? b64 ; b64 < []
mbarrier @90 arrive|arrive_drop:op release:order? cta|cluster:scope? shared|shared::cta:space? b64 ; b64 < [] u32?
mbarrier @90 arrive:op expect_tx:transaction release:order? cta|cluster:scope? shared|shared::cta:space? b64 ; b64 < [] u32
mbarrier arrive|arrive_drop:op noComplete shared|shared::cta:space? b64 ; b64 < [] u32
mbarrier test_wait:op shared|shared::cta:space? b64 ; pred < [] b64
mbarrier test_wait:op parity:parity shared|shared::cta:space? b64 ; pred < [] u32
mbarrier @90 test_wait|try_wait:op acquire:order? cta|cluster:scope? shared|shared::cta:space? b64 ; pred < [] b64
mbarrier @90 test_wait|try_wait:op parity:parity acquire:order? cta|cluster:scope? shared|shared::cta:space? b64 ; pred < [] u32
mbarrier @90 try_wait:op acquire:order? cta|cluster:scope? shared|shared::cta:space? b64 ; pred < [] b64 u32
mbarrier @90 try_wait:op parity:parity acquire:order? cta|cluster:scope? shared|shared::cta:space? b64 ; pred < [] u32 u32
mbarrier @90 expect_tx:op relaxed:order? cta|cluster:scope? shared::cluster:space b64 ; < [] u32
mbarrier @90 complete_tx:op relaxed:order? cta|cluster:scope? shared|shared::cta|shared::cluster:space? b64 ; < [] u32
mbarrier @90 arrive_drop:op expect_tx:transaction release:order? cta|cluster:scope? shared|shared::cta:space? b64 ; b64 < [] u32
mbarrier @90 arrive|arrive_drop:op release:order? cta|cluster:scope? shared::cluster:space b64 ; sink < [] u32?
mbarrier @90 arrive|arrive_drop:op expect_tx:transaction release:order? cta|cluster:scope? shared::cluster:space b64 ; sink < [] u32
mbarrier @90 @v86 arrive|arrive_drop:op relaxed:order cta|cluster:scope shared|shared::cta:space? b64 ; b64 < [] u32?
mbarrier @90 @v86 arrive|arrive_drop:op relaxed:order cta|cluster:scope shared::cluster:space b64 ; sink < [] u32?
mbarrier @90 @v86 test_wait|try_wait:op relaxed:order cta|cluster:scope shared|shared::cta:space? b64 ; pred < [] b64
mbarrier @90 @v86 test_wait|try_wait:op parity:parity relaxed:order cta|cluster:scope shared|shared::cta:space? b64 ; pred < [] u32
mbarrier pending_count:op b64 ; u32 < b64
fence @90 mbarrier_init release cluster ;
fence @90 @v86 acquire sync_restrict::shared::cluster:restrict cluster ;
fence @90 @v86 release sync_restrict::shared::cta:restrict cluster ;
membar cta|gl|sys:scope ;
bar sync ; < u32 u32?
bar arrive ; < u32 u32
bar warp sync ; < b32
bar red popc:op u32:T ; T < u32 !pred
bar red and|or:op pred:T ; pred < u32 !pred
bar red popc:op u32:T ; T < u32 u32 !pred
bar red and|or:op pred:T ; pred < u32 u32 !pred
bar cta sync ; < u32 u32?
bar cta arrive ; < u32 u32
barrier sync aligned? ; < u32 u32?
barrier arrive aligned? ; < u32 u32
barrier red popc:op aligned? u32:T ; T < u32 !pred
barrier red and|or:op aligned? pred:T ; pred < u32 !pred
barrier cta sync aligned? ; < u32 u32?
barrier cta arrive aligned? ; < u32 u32
barrier cta red popc:op aligned? u32:T ; T < u32 !pred
barrier cta red and|or:op aligned? pred:T ; pred < u32 !pred
barrier @90 cluster:cluster arrive:op release|relaxed:order? aligned? ;
barrier @90 cluster:cluster wait:op acquire? aligned? ;
shfl sync up|down|bfly|idx:mode b32:T ; T|pred < T b32 b32 b32
vote sync all|any|uni:mode pred:T ; pred < !pred b32
vote sync ballot:mode b32:T ; b32 < !pred b32
match any:mode sync b32|b64:T ; b32 < T b32
match all:mode sync b32|b64:T ; b32|pred < T b32
activemask b32 ; b32 <
redux sync add|min|max:op u32|s32:T ; T < T b32
redux sync and|or|xor:op b32:T ; T < T b32
elect @90 sync ; b32|pred < b32
vadd|vsub|vabsdiff|vmin|vmax:op u32|s32:T u32|s32:U u32|s32:V sat? ; b32 < b32 b32
vadd|vsub|vabsdiff|vmin|vmax:op u32|s32:T u32|s32:U u32|s32:V sat? add|min|max:second ; b32 < b32 b32 b32
vadd2|vsub2|vavrg2|vabsdiff2|vmin2|vmax2|vadd4|vsub4|vavrg4|vabsdiff4|vmin4|vmax4:op u32|s32:T u32|s32:U u32|s32:V sat? ; b32 < b32 b32 b32
vadd2|vsub2|vavrg2|vabsdiff2|vmin2|vmax2|vadd4|vsub4|vavrg4|vabsdiff4|vmin4|vmax4:op u32|s32:T u32|s32:U u32|s32:V add:second ; b32 < b32 b32 b32
vset2|vset4:op u32|s32:U u32|s32:V $icmp:cmp add:second? ; b32 < b32 b32 b32
nanosleep u32 ; < u32
bra uni? ; < label
brx idx uni? ; < u32 targets
ret uni? ;
exit ;
trap ;
brkpt ;
pmevent ; < imm
griddepcontrol @90 launch_dependents|wait:op ;
setmaxnreg @90a inc|dec:op sync aligned u32 ; < imm
cp async ca:cache shared|shared::cta:space global L2::cache_hint:hint? $prefetch:prefetch? ; < [] [] imm u32? b64?
cp async cg:cache shared|shared::cta:space global L2::cache_hint:hint? $prefetch:prefetch? ; < [] [] imm u32? b64?
cp async mbarrier arrive noinc? shared|shared::cta:space? b64 ; < []
cp @90 async bulk:bulk shared::cluster:space global mbarrier::complete_tx::bytes L2::cache_hint:hint? ; < [] [] u32 [] b64?
cp @90 @v86 async bulk:bulk shared::cta:space global mbarrier::complete_tx::bytes L2::cache_hint:hint? ; < [] [] u32 [] b64?
cp @90 async bulk:bulk shared::cluster:space global mbarrier::complete_tx::bytes multicast::cluster:multicast L2::cache_hint:hint? ; < [] [] u32 [] u16 b64?
cp @90 async bulk:bulk shared::cluster:space shared::cta:source mbarrier::complete_tx::bytes ; < [] [] u32 []
cp @90 async bulk:bulk global:space shared::cta:from bulk_group L2::cache_hint:hint? ; < [] [] u32 b64?
cp @90 async bulk:bulk tensor:tensor $dim:dim shared::cluster:space global tile:mode? mbarrier::complete_tx::bytes L2::cache_hint:hint? ; < [] [map] [] b64?
cp @90 async bulk:bulk tensor:tensor 3d|4d|5d:dim shared::cluster:space global im2col:mode mbarrier::complete_tx::bytes L2::cache_hint:hint? ; < [] [map] [] offsets b64?
cp @90 async bulk:bulk tensor:tensor $dim:dim shared::cluster:space global tile:mode? mbarrier::complete_tx::bytes multicast::cluster:multicast L2::cache_hint:hint? ; < [] [map] [] u16 b64?
cp @90 async bulk:bulk tensor:tensor 3d|4d|5d:dim shared::cluster:space global im2col:mode mbarrier::complete_tx::bytes multicast::cluster:multicast L2::cache_hint:hint? ; < [] [map] [] offsets u16 b64?
cp @90 @v86 async bulk:bulk tensor:tensor $dim:dim shared::cta:space global tile:mode? mbarrier::complete_tx::bytes L2::cache_hint:hint? ; < [] [map] [] b64?
cp @90 @v86 async bulk:bulk tensor:tensor 3d|4d|5d:dim shared::cta:space global im2col:mode mbarrier::complete_tx::bytes L2::cache_hint:hint? ; < [] [map] [] offsets b64?
cp @90 async bulk:bulk tensor:tensor $dim:dim global:space shared::cta:from tile:mode? bulk_group L2::cache_hint:hint? ; < [map] [] b64?
cp @90 async bulk:bulk tensor:tensor 3d|4d|5d:dim global:space shared::cta:from im2col_no_offs:mode bulk_group L2::cache_hint:hint? ; < [map] [] b64?
cp @90 async bulk:bulk prefetch:prefetch tensor $dim:dim L2 global tile:mode? L2::cache_hint:hint? ; < [map] b64?
cp @90 async bulk:bulk prefetch:prefetch L2 global L2::cache_hint:hint? ; < [] u32 b64?
cp @90 async bulk:bulk commit_group ;
cp @90 async bulk:bulk wait_group read? ; < imm
cp async commit_group ;
cp async wait_group ; < imm
cp async wait_all ;
ldmatrix sync aligned m8n8 x1|x2|x4:count trans? shared|shared::cta:space? b16 ; frag < []
stmatrix @90 sync aligned m8n8 x1|x2|x4:count trans? shared|shared::cta:space? b16 ; < [] frag
movmatrix sync aligned m8n8 trans b16 ; b32 < b32
mma sync aligned m16n8k8|m16n8k16:shape row col f32:D f16:A f16:B f32:C ; mma < mma mma mma
mma sync aligned m16n8k8|m16n8k16:shape row col f32:D bf16:A bf16:B f32:C ; mma < mma mma mma
mma sync aligned m16n8k8|m16n8k16:shape row col f16:D f16:A f16:B f16:C ; mma < mma mma mma
mma sync aligned m16n8k4|m16n8k8:shape row col f32:D tf32:A tf32:B f32:C ; mma < mma mma mma
mma sync aligned m8n8k4:shape row col $rnd:rnd? f64:D f64:A f64:B f64:C ; mma < mma mma mma
mma @90 sync aligned m16n8k4|m16n8k8|m16n8k16:shape row col $rnd:rnd? f64:D f64:A f64:B f64:C ; mma < mma mma mma
mma sync aligned m8n8k16|m16n8k16|m16n8k32:shape row col satfinite? s32:D u8|s8:A u8|s8:B s32:C ; mma < mma mma mma
mma sync aligned m8n8k32|m16n8k32|m16n8k64:shape row col satfinite? s32:D u4|s4:A u4|s4:B s32:C ; mma < mma mma mma
mma sync aligned m8n8k128|m16n8k128|m16n8k256:shape row col s32:D b1:A b1:B s32:C xor|and:logic popc ; mma < mma mma mma
mma @89 @v84 sync aligned m16n8k32:shape row col f32:D e4m3|e5m2:A e4m3|e5m2:B f32:C ; mma < mma mma mma
mma @89 @v87 sync aligned m16n8k16:shape row col f32:D e4m3|e5m2:A e4m3|e5m2:B f32:C ; mma < mma mma mma
mma @89 @v87 sync aligned m16n8k16|m16n8k32:shape row col f16:D e4m3|e5m2:A e4m3|e5m2:B f16:C ; mma < mma mma mma
wgmma @90a fence sync aligned ;
wgmma @90a commit_group sync aligned ;
wgmma @90a wait_group sync aligned ; < imm
wgmma @90a mma_async sync aligned $group16:shape f32:D bf16:A bf16:B ; mma < b64 b64 pred imm imm imm imm
wgmma @90a mma_async sync aligned $group16:shape f32:D bf16:A bf16:B ; mma < mma b64 pred imm imm imm
wgmma @90a mma_async sync aligned $group16:shape f32|f16:D f16:A f16:B ; mma < b64 b64 pred imm imm imm imm
wgmma @90a mma_async sync aligned $group16:shape f32|f16:D f16:A f16:B ; mma < mma b64 pred imm imm imm
wgmma @90a mma_async sync aligned $group8:shape f32:D tf32:A tf32:B ; mma < b64 b64 pred imm imm
wgmma @90a mma_async sync aligned $group8:shape f32:D tf32:A tf32:B ; mma < mma b64 pred imm imm
wgmma @90a mma_async sync aligned $group32:shape f32|f16:D e4m3|e5m2:A e4m3|e5m2:B ; mma < b64 b64 pred imm imm
wgmma @90a mma_async sync aligned $group32:shape f32|f16:D e4m3|e5m2:A e4m3|e5m2:B ; mma < mma b64 pred imm imm
wmma load a|b|c:matrix sync aligned row|col:layout m8n8k4:shape global|shared|shared::cta:space? f64:T ; wmma < [] u32?
wmma store d:matrix sync aligned row|col:layout m8n8k4:shape global|shared|shared::cta:space? f64:T ; < [] wmma u32?
wmma mma sync aligned row|col:layoutA row|col:layoutB m8n8k4:shape f64:D f64:A f64:B f64:C $rnd:rnd? ; wmma < wmma wmma wmma
wmma load a|b|c:matrix sync aligned row|col:layout $wshape:shape global|shared|shared::cta:space? f16|bf16|tf32|f32|u8|s8|s32:T ; wmma < [] u32?
wmma store d:matrix sync aligned row|col:layout $wshape:shape global|shared|shared::cta:space? f16|f32|s32:T ; < [] wmma u32?
wmma mma sync aligned row|col:layoutA row|col:layoutB $wshape:shape f16|f32:D f16|f32:C ; wmma < wmma wmma wmma
wmma mma sync aligned row|col:layoutA row|col:layoutB $wshape:shape f32:D bf16|tf32:A bf16|tf32:B f32:C ; wmma < wmma wmma wmma
wmma mma sync aligned row|col:layoutA row|col:layoutB m16n16k16|m32n8k16|m8n32k16:shape s32:D u8:A u8:B s32:C satfinite? ; wmma < wmma wmma wmma
wmma mma sync aligned row|col:layoutA row|col:layoutB m16n16k16|m32n8k16|m8n32k16:shape s32:D s8:A s8:B s32:C satfinite? ; wmma < wmma wmma wmma
`

// lists are the alternatives that many forms share.
var lists = map[string]string{
	"int":      "u16|u32|u64|s16|s32|s64",
	"rnd":      "rn|rz|rm|rp",
	"irnd":     "rni|rzi|rmi|rpi",
	"icmp":     "eq|ne|lt|le|gt|ge",
	"ucmp":     "lo|ls|hi|hs",
	"fcmp":     "eq|ne|lt|le|gt|ge|equ|neu|ltu|leu|gtu|geu|num|nan",
	"scalar":   "b8|b16|b32|b64|u8|u16|u32|u64|s8|s16|s32|s64|f32|f64",
	"order":    "relaxed|acquire|release|acq_rel",
	"scope":    "cta|cluster|gpu|sys",
	"ldcache":  "ca|cg|cs|lu|cv",
	"evict":    "L1::evict_normal|L1::evict_unchanged|L1::evict_first|L1::evict_last|L1::no_allocate",
	"prefetch": "L2::64B|L2::128B|L2::256B",
	"wshape":   "m16n16k16|m32n8k16|m8n32k16|m16n16k8",
	"group16":  groupShapes(16),
	"group8":   groupShapes(8),
	"group32":  groupShapes(32),
	"dim":      "1d|2d|3d|4d|5d",
}

// groupShapes are the shapes of wgmma: 8 to 256 columns.
func groupShapes(k int) string {
	var shapes []string
	for n := 8; n <= 256; n += 8 {
		shapes = append(shapes, fmt.Sprintf("m64n%dk%d", n, k))
	}
	return strings.Join(shapes, "|")
}
