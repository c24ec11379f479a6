/* Help in two columns: a term and its sentence, wrapped on a terminal, one line each elsewhere. */
#ifndef REGTOP_CLI_ROWS_H
#define REGTOP_CLI_ROWS_H

/* Prints to stdout. left is what the term's column is wide; a longer term has the sentence below it
 * on a terminal, and beside it elsewhere. */
void rows_print(int left, const char *term, const char *sentence);

#endif
