/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPT_MULTI_H
#define CPT_MULTI_H

/* What the tools' main is called where all are in one program; see multi.c. */

int cpconv_main(int argc, char **argv);
int cpdiff_main(int argc, char **argv);
int cpmerge_main(int argc, char **argv);
int cpflame_main(int argc, char **argv);
int cpinfo_main(int argc, char **argv);
int cpreport_main(int argc, char **argv);

#endif
