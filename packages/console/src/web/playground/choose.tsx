/** A button that asks for files. */

interface ChooseProps {
  readonly label: string
  readonly accept?: string
  readonly multiple?: boolean
  readonly chosen: (files: readonly File[]) => void
}

export function Choose({ label, accept, multiple = false, chosen }: ChooseProps) {
  return (
    <label class="button choose">
      {label}
      <input
        type="file"
        multiple={multiple}
        {...(accept !== undefined && { accept })}
        onChange={event => {
          const files = [...(event.currentTarget.files ?? [])]
          event.currentTarget.value = ''
          if (files.length > 0) chosen(files)
        }}
      />
    </label>
  )
}
