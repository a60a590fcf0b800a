/** The key of the API of Clarion's servers under measurement. */
export const API_KEY = "bench"
