/** The variable that names the folder where one run of the tests keeps a new cluster of each major, to be copied. */
export const CLUSTERS = 'LARDER_TEST_CLUSTERS';
