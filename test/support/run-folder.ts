/** The variable that names a folder of one run of the tests, which all of its files may use, and which goes with the run. */
export const RUN_FOLDER = 'LARDER_TEST_FOLDER';
