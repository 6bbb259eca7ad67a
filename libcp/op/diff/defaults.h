/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DIFF_DEFAULTS_H
#define CPI_DIFF_DEFAULTS_H

/*
 * What is taken for granted of a program that was not calibrated, measured over real
 * programs by tests/bench/diff.py.
 */
#define CPI_DIFF_PRIOR \
	((struct cpi_noise){.sigma = 0.06, .grain = 0.0016, .df = INFINITY})
#define CPI_DIFF_TOTAL_PRIOR ((struct cpi_noise){.sigma = 0.15, .df = INFINITY})

#endif
