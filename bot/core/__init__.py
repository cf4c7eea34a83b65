"""Pure decisions on plain values: no await, no clock, no dice, no environment, no logging."""
