#include "unstuck_abi.h" /* the assertions are compiled here */
