/** The machines of a reloader. */
export type MachineName = 'reload' | 'watch' | 'admission'
