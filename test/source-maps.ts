/** Stacks of compiled tests show the lines of the sources; in threads it would cost a tenth of the time of `npm test`. */
process.setSourceMapsEnabled(true);
