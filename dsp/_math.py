"""Elementary functions as polynomials, so that loops over voices vectorise.

A call to the C library's `exp2`, `tan` or `sin` keeps a loop scalar (measured: 6 to 10 times
slower); these have no calls and no branches. Coefficients are Taylor's: at these lengths the
rounding of the arithmetic is larger than what was cut off.
"""

# numba narrows to float32 only where every operand is float32, hence the explicit types.

from __future__ import annotations

import math

import numpy as np

from dsp._jit import kernel

f32 = np.float32

_HALF = f32(0.5)
_ONE = f32(1.0)
_LN2 = math.log(2.0)
_E1, _E2, _E3, _E4, _E5, _E6, _E7 = (f32(_LN2**k / math.factorial(k)) for k in range(1, 8))
_D = tuple(_LN2**k / math.factorial(k) for k in range(12))
_D1, _D2, _D3, _D4, _D5, _D6, _D7, _D8, _D9, _D10, _D11 = _D[1:]
_S1, _S3, _S5, _S7, _S9, _S11 = (
    f32((-1) ** (k // 2) * math.pi**k / math.factorial(k)) for k in (1, 3, 5, 7, 9, 11)
)
_C2, _C4, _C6, _C8, _C10, _C12 = (
    f32((-1) ** (k // 2) * math.pi**k / math.factorial(k)) for k in (2, 4, 6, 8, 10, 12)
)
_V = tuple(f32(1.0 / math.factorial(2 * k + 2)) for k in range(9))
_V0, _V1, _V2, _V3, _V4, _V5, _V6, _V7, _V8 = _V
_H1, _H2, _H3, _H4, _H5, _H6, _H7 = (f32(1.0 / math.factorial(2 * k + 1)) for k in range(1, 8))
_I127 = np.int32(127)
_I128 = np.int32(128)
_ROUND = f32(128.5)
_L1024 = np.int64(1024)
_I23 = np.int32(23)
_L1023 = np.int64(1023)
_L52 = np.int64(52)


@kernel(fast=True, inline=True)
def exp2_f32(x):  # type: ignore[no-untyped-def]
    """2 ** x for float32 x in -126 .. 127; relative error below 2e-7."""
    i = np.int32(np.int32(x + _ROUND) - _I128)  # nearest, by truncation of a positive number
    f = x - f32(i)  # -0.5 .. 0.5
    p = _ONE + f * (_E1 + f * (_E2 + f * (_E3 + f * (_E4 + f * (_E5 + f * (_E6 + f * _E7))))))
    return p * np.int32(np.int32(i + _I127) << _I23).view(np.float32)


@kernel(fast=True, inline=True)
def exp2_f64(x):  # type: ignore[no-untyped-def]
    """2 ** x for float64 x in -1000 .. 1000; relative error below 1e-12."""
    i = np.int64(x + 1024.5) - _L1024
    f = x - np.float64(i)
    p = _D8 + f * (_D9 + f * (_D10 + f * _D11))
    p = _D4 + f * (_D5 + f * (_D6 + f * (_D7 + f * p)))
    p = 1.0 + f * (_D1 + f * (_D2 + f * (_D3 + f * p)))
    return p * np.int64((i + _L1023) << _L52).view(np.float64)


@kernel(fast=True, inline=True)
def sin_half_turns(x):  # type: ignore[no-untyped-def]
    """sin(pi * x) for float32 x in -1 .. 1; absolute error below 3e-7."""
    s = _ONE if x >= f32(0.0) else -_ONE
    y = s - x if abs(x) > _HALF else x  # fold into -0.5 .. 0.5
    z = y * y
    return y * (_S1 + z * (_S3 + z * (_S5 + z * (_S7 + z * (_S9 + z * _S11)))))


@kernel(fast=True, inline=True)
def tan_half_turns(x):  # type: ignore[no-untyped-def]
    """tan(pi * x) for float32 x in 0 .. 0.49; relative error below 2e-6 up to 0.45."""
    z = x * x
    n = x * (_S1 + z * (_S3 + z * (_S5 + z * (_S7 + z * (_S9 + z * _S11)))))
    d = _ONE + z * (_C2 + z * (_C4 + z * (_C6 + z * (_C8 + z * (_C10 + z * _C12)))))
    return n / d


@kernel(fast=True, inline=True)
def versine_part(x):  # type: ignore[no-untyped-def]
    """(cosh(sqrt(x)) - 1) / x, and so (1 - cos(sqrt(-x))) / -x; float32 x in -9 .. 9, 1e-6."""
    p = _V4 + x * (_V5 + x * (_V6 + x * (_V7 + x * _V8)))
    return _V0 + x * (_V1 + x * (_V2 + x * (_V3 + x * p)))


@kernel(fast=True, inline=True)
def sinh_part(x):  # type: ignore[no-untyped-def]
    """sinh(sqrt(x)) / sqrt(x) for float32 x in 0 .. 9; relative error below 1e-6."""
    p = _H4 + x * (_H5 + x * (_H6 + x * _H7))
    return _ONE + x * (_H1 + x * (_H2 + x * (_H3 + x * p)))
